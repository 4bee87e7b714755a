import {
  addTag as addTagCall,
  changeSettings,
  createKey as createKeyCall,
  getSettings as getSettingsCall,
  listCategories,
  listKeys,
  listTags,
  type NewApiKey,
  removeCategory as removeCategoryCall,
  removeTag as removeTagCall,
  revokeKey as revokeKeyCall,
  type SettingsChange,
  setCategory as setCategoryCall,
  setPassword as setPasswordCall,
} from '@/api';
import { answer } from '@/lib/problem';

export const getSettings = () => answer(getSettingsCall());
export const saveSettings = (change: SettingsChange) => answer(changeSettings({ body: change }));
export const getCategories = async () => (await answer(listCategories())).categories;
export const setCategory = (name: string, savePath: string) => answer(setCategoryCall({ path: { name }, body: { savePath } }));
export const removeCategory = (name: string) => answer(removeCategoryCall({ path: { name } }));
export const getTags = async () => (await answer(listTags())).tags;
export const addTag = (name: string) => answer(addTagCall({ path: { name } }));
export const removeTag = (name: string) => answer(removeTagCall({ path: { name } }));
export const getKeys = async () => (await answer(listKeys())).keys;
export const createKey = (key: NewApiKey) => answer(createKeyCall({ body: key }));
export const revokeKey = (id: string) => answer(revokeKeyCall({ path: { id } }));
export const setPassword = (current: string | undefined, password: string) =>
  answer(setPasswordCall({ body: { ...(current && { current }), new: password } }));
